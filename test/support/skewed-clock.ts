/**
 * The environment of a Node.js process whose clock is wrong.
 * @param skewMs that is added to the time.
 * @param afterMs of the process, when its clock jumps.
 */
export function skewedClock(skewMs: number, afterMs = 0): { NODE_OPTIONS: string } {
  const program = `
    const TrueDate = Date;
    const now = () => TrueDate.now() + (performance.now() < ${afterMs} ? 0 : ${skewMs});
    globalThis.Date = class extends TrueDate {
      constructor(...parts) { super(...(parts.length === 0 ? [now()] : parts)); }
      static now() { return now(); }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}
