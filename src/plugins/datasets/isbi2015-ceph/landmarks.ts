/** In the order of the annotation files, as the challenge names them. */
export const LANDMARK_NAMES = [
  'sella',
  'nasion',
  'orbitale',
  'porion',
  'subspinale',
  'supramentale',
  'pogonion',
  'menton',
  'gnathion',
  'gonion',
  'lower incisal incision',
  'upper incisal incision',
  'upper lip',
  'lower lip',
  'subnasale',
  'soft tissue pogonion',
  'posterior nasal spine',
  'anterior nasal spine',
  'articulare',
] as const;

type LandmarkName = (typeof LANDMARK_NAMES)[number];

/** The cranial base, the Frankfort line, the maxilla with the teeth, the mandible and the soft profile. */
const NAMED_EDGES: readonly (readonly [LandmarkName, LandmarkName])[] = [
  ['sella', 'nasion'],
  ['sella', 'articulare'],
  ['porion', 'orbitale'],
  ['nasion', 'anterior nasal spine'],
  ['posterior nasal spine', 'anterior nasal spine'],
  ['anterior nasal spine', 'subspinale'],
  ['subspinale', 'upper incisal incision'],
  ['upper incisal incision', 'lower incisal incision'],
  ['lower incisal incision', 'supramentale'],
  ['supramentale', 'pogonion'],
  ['pogonion', 'gnathion'],
  ['gnathion', 'menton'],
  ['menton', 'gonion'],
  ['gonion', 'articulare'],
  ['subnasale', 'upper lip'],
  ['upper lip', 'lower lip'],
  ['lower lip', 'soft tissue pogonion'],
];

export const EDGES: readonly (readonly [number, number])[] = NAMED_EDGES.map(([from, to]) => [
  LANDMARK_NAMES.indexOf(from),
  LANDMARK_NAMES.indexOf(to),
]);
