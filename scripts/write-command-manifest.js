/**
 * Last step of `npm run build`: removes compiled files whose source is gone, then writes oclif.manifest.json (names,
 * flags and help of all commands), so that `fsx --help` need not load the commands.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core/config';
import { settings } from '@oclif/core/settings';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const output of readdirSync(join(root, 'dist'), { recursive: true })) {
  if (!output.endsWith('.js')) continue;
  const source = join(root, 'src', output.replace(/\.js$/, '.ts'));
  if (!existsSync(source)) rmSync(join(root, 'dist', output));
}

settings.enableAutoTranspile = false;
const plugin = new Plugin({ root, isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest, null, 2)}\n`);
