import { describe, expect, it } from 'vitest';
import PluginsList from '../../src/cli/commands/plugins/list.ts';
import PluginsShow from '../../src/cli/commands/plugins/show.ts';
import { runCommand } from './run-command.ts';

describe('fsx plugins list', () => {
  it('names every built-in plugin, or those of a kind', async () => {
    const all = await runCommand(PluginsList, []);
    expect(all.stdout).toMatch(/backbone.*hrnet/);
    expect(all.stdout).toMatch(/tracker.*mlflow/);
    const { stdout } = await runCommand(PluginsList, ['--kind', 'backbone', '--json']);
    const types = JSON.parse(stdout).map(({ type }: { type: string }) => type);
    expect(types).toEqual(['hrnet', 'mobile', 'resnet', 'tiny', 'unet']);
  });
});

describe('fsx plugins show', () => {
  it('shows the options of a plugin with their types and defaults', async () => {
    const { stdout } = await runCommand(PluginsShow, ['backbone/tiny']);
    expect(stdout).toMatch(/width .*a whole number, at least 1 .*8 .*Channels of every convolution/);
  });

  it('names the nearest plugin for one that is not there', async () => {
    const { stderr, exitCode } = await runCommand(PluginsShow, ['backbone/tinny']);
    expect(stderr).toContain('Did you mean tiny? Known: hrnet, mobile, resnet, tiny, unet.');
    expect(exitCode).toBe(6);
  });

  it('says how a plugin is named', async () => {
    const { stderr, exitCode } = await runCommand(PluginsShow, ['tiny']);
    expect(stderr).toContain('KIND/TYPE');
    expect(exitCode).toBe(2);
  });
});
