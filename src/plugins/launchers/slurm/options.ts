import { type Static, Type } from 'typebox';

const line = Type.String({ minLength: 1 });

export const slurmOptions = Type.Object(
  {
    partition: Type.String({ description: "partition; empty for the cluster's default", default: '' }),
    account: Type.String({ description: 'account that is charged; empty for your default', default: '' }),
    time: Type.String({
      description: "time limit of a trial as Slurm writes it (`1-12:00:00`); empty for the partition's",
      default: '',
    }),
    saveBeforeSeconds: Type.Integer({
      description: 'so long before its time limit a trial saves and is queued again, to go on from there',
      default: 120,
      minimum: 1,
      maximum: 65535,
    }),
    cpus: Type.Integer({
      description: 'cores of a trial, and its engine threads where its recipe names none',
      default: 4,
      minimum: 1,
    }),
    gpus: Type.Integer({ description: 'GPUs of a trial', default: 0, minimum: 0 }),
    memory: Type.String({ description: "memory of a trial (`16G`); empty for the partition's", default: '' }),
    constraint: Type.String({
      description: 'features that a node must have (`a100&ib`); empty for any node',
      default: '',
    }),
    concurrent: Type.Integer({
      description: 'trials at a time; 0 leaves it to Slurm',
      default: 0,
      minimum: 0,
    }),
    modules: Type.Array(line, { description: 'environment modules that a trial loads first', default: [] }),
    setUp: Type.Array(line, {
      description: 'shell lines that a trial runs after that: `export CUDA_CACHE_PATH=/scratch/cuda`',
      default: [],
    }),
    sbatch: Type.Array(line, {
      description: 'further options of sbatch, which win over those above: `--qos=long`',
      default: [],
    }),
    pollSeconds: Type.Number({
      description: 'how often Slurm is asked what became of the trials',
      default: 15,
      exclusiveMinimum: 0,
    }),
  },
  { additionalProperties: false },
);

export type SlurmOptions = Static<typeof slurmOptions>;
