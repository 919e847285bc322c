import { execFileSync } from 'node:child_process';

/** A small disk in memory at a folder, which root can mount on Linux. */
export class SmallDisk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param size such as `400k`. @returns why there is none, where none can be mounted. */
  static mount(folder: string, size: string): SmallDisk | string {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'fsx-test', folder], { stdio: 'pipe' });
      return new SmallDisk(folder);
    } catch (error) {
      return (error as Error).message.trim().split('\n').at(-1)!;
    }
  }

  /** @param option `size=8m`, `ro`, `rw`. */
  remount(option: string): void {
    execFileSync('mount', ['-o', `remount,${option}`, this.#folder]);
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.#folder]);
  }
}
