/** Image left is the patient's right. */
export type Side = -1 | 1;
export const RIGHT: Side = -1;
export const LEFT: Side = 1;
export const SIDES: readonly Side[] = [RIGHT, LEFT];
