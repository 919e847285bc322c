import { type Static, Type } from 'typebox';
import { closed, root, text } from '../../../core/data/annotated-folder/options.ts';

export const Isbi2015CephOptions = Type.Object(
  {
    root,
    images: text('the folder of TrainingData, Test1Data and Test2Data, inside root', 'RawImage'),
    annotations: text('the folder of 400_junior and 400_senior, inside root', 'AnnotationsByMD'),
    annotator: Type.Union([Type.Literal('mean'), Type.Literal('senior'), Type.Literal('junior')], {
      description:
        'whose landmarks: the mean of both clinicians, or those of one. The published ground truth of the challenge equals the senior ones but for landmark 16 of test2 (Payer et al. 2019)',
      default: 'mean',
    }),
    parts: Type.Array(Type.Union([Type.Literal('train'), Type.Literal('test1'), Type.Literal('test2')]), {
      description: 'the parts that are read; each is a named split',
      default: ['train', 'test1', 'test2'],
      minItems: 1,
      uniqueItems: true,
    }),
  },
  closed,
);

export type Isbi2015CephSettings = Static<typeof Isbi2015CephOptions>;
