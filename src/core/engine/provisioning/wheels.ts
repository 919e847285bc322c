/**
 * The Python wheels that carry TensorFlow's C library, pinned by hash. fsx only takes shared libraries and C headers
 * out of them, so one wheel for each platform serves whatever Python the machine has.
 */

export const TENSORFLOW_VERSION = '2.21.0';

/** `cpu` runs anywhere, `cuda` also on NVIDIA GPUs. */
export type NativeVariant = 'cpu' | 'cuda';

export interface WheelSet {
  /** Lines of a pip requirements file, each with its hash. */
  readonly requirements: readonly string[];
  /** pip's platform tags that the wheels carry. */
  readonly platformTags: readonly string[];
  readonly downloadMegabytes: number;
  /** Free disk space needed while installing: the wheels and what is taken out of them. */
  readonly diskMegabytes: number;
}

/** pip resolves wheels for this Python whatever Python it runs on. */
export const WHEEL_PYTHON_VERSION = '3.11';

const CPU_X64: WheelSet = {
  requirements: [
    `tensorflow-cpu==${TENSORFLOW_VERSION} --hash=sha256:2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c`,
  ],
  platformTags: ['manylinux_2_27_x86_64'],
  downloadMegabytes: 274,
  diskMegabytes: 1600,
};

/** On 64-bit ARM the plain package is the CPU build. */
const CPU_ARM64: WheelSet = {
  requirements: [
    `tensorflow==${TENSORFLOW_VERSION} --hash=sha256:4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c`,
  ],
  platformTags: ['manylinux_2_27_aarch64'],
  downloadMegabytes: 280,
  diskMegabytes: 1800,
};

/** TensorFlow's CUDA 12 build and the libraries of its `and-cuda` extra. */
const CUDA_X64: WheelSet = {
  requirements: [
    `tensorflow==${TENSORFLOW_VERSION} --hash=sha256:9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124`,
    'nvidia-cublas-cu12==12.9.3.13 --hash=sha256:d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    'nvidia-cuda-cupti-cu12==12.8.90 --hash=sha256:ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
    'nvidia-cuda-nvcc-cu12==12.9.86 --hash=sha256:5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    'nvidia-cuda-nvrtc-cu12==12.9.86 --hash=sha256:210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    'nvidia-cuda-runtime-cu12==12.9.79 --hash=sha256:25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    'nvidia-cudnn-cu12==9.28.0.42 --hash=sha256:9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    'nvidia-cufft-cu12==11.4.1.4 --hash=sha256:c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    'nvidia-curand-cu12==10.3.10.19 --hash=sha256:49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
    'nvidia-cusolver-cu12==11.7.5.82 --hash=sha256:15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    'nvidia-cusparse-cu12==12.5.10.65 --hash=sha256:73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    'nvidia-nccl-cu12==2.32.3 --hash=sha256:bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    'nvidia-nvjitlink-cu12==12.9.86 --hash=sha256:e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
  ],
  platformTags: [
    'manylinux_2_27_x86_64',
    'manylinux_2_17_x86_64',
    'manylinux2014_x86_64',
    'manylinux_2_12_x86_64',
    'manylinux2010_x86_64',
  ],
  downloadMegabytes: 3200,
  diskMegabytes: 11_300,
};

/** The wheels for a platform, or undefined where fsx does not provision native TensorFlow (macOS, Windows). */
export function wheelsFor(
  variant: NativeVariant,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): WheelSet | undefined {
  if (platform !== 'linux') return undefined;
  if (arch === 'x64') return variant === 'cuda' ? CUDA_X64 : CPU_X64;
  if (arch === 'arm64' && variant === 'cpu') return CPU_ARM64;
  return undefined;
}
