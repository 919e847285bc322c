import { Random } from '../random.ts';

interface EpochsOf {
  readonly seed: number;
  readonly stage: string;
}

interface EpochOrder {
  readonly epoch: number;
  readonly order: readonly number[];
}

/** The epoch that each plan was last drawn from: most steps draw from the same one as the step before. */
const latest = new WeakMap<EpochsOf, EpochOrder>();

/** The order in which an epoch takes `count` images, always the same `count` for a plan. */
export function epochOrder(plan: EpochsOf, count: number, epoch: number): readonly number[] {
  const known = latest.get(plan);
  if (known?.epoch === epoch) return known.order;
  const positions = Array.from({ length: count }, (_, position) => position);
  const order = new Random(plan.seed, 'unlabeled epoch', plan.stage, epoch).shuffle(positions);
  latest.set(plan, { epoch, order });
  return order;
}
