/**
 * Linear attenuation coefficients in 1/mm by the beam's mean energy.
 *
 * Mass attenuation (cm2/g) times density (g/cm3), both of the ICRU-44 tissues as tabulated by NIST (Hubbell and
 * Seltzer, NISTIR 5632): soft tissue 0.2688, 0.2264 and 0.2048 at 40, 50 and 60 keV x 1.06; adipose 0.2396, 0.2123
 * and 0.1974 x 0.95; cortical bone 0.6655, 0.4242 and 0.3148 x 1.92.
 */
export const ATTENUATION_PER_MM = {
  at40keV: { air: 0, fat: 0.0228, soft: 0.0285, bone: 0.1278 },
  at50keV: { air: 0, fat: 0.0202, soft: 0.024, bone: 0.0814 },
  at60keV: { air: 0, fat: 0.0188, soft: 0.0217, bone: 0.0604 },
} as const;
