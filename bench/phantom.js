/**
 * Speed of a phantom dataset on one core: prints radiographs a second, by processor time and by the clock. Measures what
 * `npm run build` has compiled: `node bench/phantom.js [chest-phantom|hand-phantom|pelvis-phantom] [size] [count]`.
 */
import { createRegistry } from '../dist/composition.js';

const [type = 'chest-phantom', sizeText = '256', countText = '120'] = process.argv.slice(2);
const count = Number(countText);
const warmUp = 20;

const registry = await createRegistry();
const reference = { type, samples: count + warmUp, size: Number(sizeText) };
const dataset = await registry.create('dataset', reference, { baseDirectory: '.' });
for (const sample of dataset.samples.slice(0, warmUp)) await dataset.read(sample);
const startCpu = process.cpuUsage();
const start = performance.now();
for (const sample of dataset.samples.slice(warmUp)) await dataset.read(sample);
const cpu = process.cpuUsage(startCpu);
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
const wallSeconds = (performance.now() - start) / 1e3;
console.log(
  `${type} ${sizeText} x ${sizeText}: ${(count / cpuSeconds).toFixed(1)} images/s of processor time, ` +
    `${(count / wallSeconds).toFixed(1)} by the clock`,
);
