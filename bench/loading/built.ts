/**
 * A module of fsx as `npm run build` makes it: what starts threads finds their modules there, and not in a bundle.
 * @param path in `dist`.
 */
export async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../../dist/${path}`, import.meta.url).href)) as Module;
}
