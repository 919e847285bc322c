/**
 * Linear attenuation coefficients in 1/mm at 60 keV, about the mean energy of a 100 to 120 kVp chest beam.
 *
 * Mass attenuation (cm2/g) times density (g/cm3), both of the ICRU-44 tissues as tabulated by NIST (Hubbell and
 * Seltzer, NISTIR 5632): soft tissue 0.2048 x 1.06, adipose 0.1974 x 0.95, cortical bone 0.3148 x 1.92, and lung
 * 0.2053 at the 0.20 g/cm3 of full inspiration.
 */
export const ATTENUATION_PER_MM = {
  air: 0,
  lung: 0.0041,
  fat: 0.0188,
  soft: 0.0217,
  bone: 0.0604,
} as const;

type Material = keyof typeof ATTENUATION_PER_MM;

/** What a millimetre of `material` adds to a ray when it takes the place of a millimetre of `displaced`, in 1/mm. */
export function contrastPerMm(material: Material, displaced: Material): number {
  return ATTENUATION_PER_MM[material] - ATTENUATION_PER_MM[displaced];
}
