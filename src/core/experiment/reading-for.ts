import type { RunListener } from './events.ts';
import type { ImageReading } from './experiment.ts';

/** Tells a listener how far the reading of images is. @param registryModule see `ImageReading`. */
export function readingFor(listener: RunListener, registryModule?: string): ImageReading {
  return {
    onProgress: (done, total) => listener({ kind: 'preparing', what: 'images', done, total }),
    onWait: () =>
      listener({ kind: 'notice', message: 'Another process reads the same images: waiting for it.' }),
    ...(registryModule !== undefined && { registryModule }),
  };
}
