/**
 * Speed of the `chest-phantom` dataset on one core: prints radiographs a second, by processor time and by the clock.
 * Measures what `npm run build` has compiled: `node bench/phantom.js [size] [count]`.
 */
import { chestPhantom } from '../dist/plugins/datasets/chest-phantom.js';

const size = Number(process.argv[2] ?? 256);
const count = Number(process.argv[3] ?? 120);
const warmUp = 20;

const dataset = await chestPhantom.create(
  {
    samples: count + warmUp,
    size,
    seed: 0,
    shapeVariation: 1,
    poseVariation: 1,
    exposureVariation: 1,
    noise: 1,
    markings: true,
  },
  { baseDirectory: '.' },
);
for (const sample of dataset.samples.slice(0, warmUp)) await dataset.read(sample);
const startCpu = process.cpuUsage();
const start = performance.now();
for (const sample of dataset.samples.slice(warmUp)) await dataset.read(sample);
const cpu = process.cpuUsage(startCpu);
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
const wallSeconds = (performance.now() - start) / 1e3;
console.log(
  `chest-phantom ${size} x ${size}: ${(count / cpuSeconds).toFixed(1)} images/s of processor time, ` +
    `${(count / wallSeconds).toFixed(1)} by the clock`,
);
