import { definePlugin } from '../../core/plugins/definition.ts';
import { HandAtlasOptions } from './hand-atlas/options.ts';

/**
 * The Digital Hand Atlas with the 37 landmarks of Payer et al.: left hands, a table without a header whose rows are
 * `id,x0,y0,…,x36,y36`, in pixels from the centre of the first one. The films have no reliable spacing: as published work
 * does, each wrist is taken to be 50 mm wide. The spacing of a film follows from its own landmarks, so that unlabeled
 * films have none.
 */
export const handAtlas = definePlugin({
  kind: 'dataset',
  type: 'hand-atlas',
  summary:
    'radiographs of the Digital Hand Atlas with 37 landmarks; a wrist 50 mm wide gives the pixel spacing',
  source:
    'Gertych et al., Bone age assessment of children using a digital hand atlas (CMIG 2007); landmarks and folds of Payer et al. (Medical Image Analysis 2019)',
  options: HandAtlasOptions,
  async create(options, { baseDirectory }) {
    const { loadHandAtlas } = await import('./hand-atlas/load.ts');
    return loadHandAtlas(options, baseDirectory);
  },
});
