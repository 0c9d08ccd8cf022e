// The build's graph of files, as far as pages are made of it.

/** One file of the build. */
export interface Chunk {
  type: string;
  fileName: string;
  isEntry?: boolean;
  facadeModuleId?: string | null;
  imports?: string[];
  dynamicImports?: string[];
  code?: string;
  source?: string | Uint8Array;
  viteMetadata?: { importedCss?: Set<string>; importedAssets?: Set<string> };
}
export type Files = Readonly<Record<string, Chunk>>;

/** Scripts and styles that a page is made of, its entry first. `whole`: with those that it loads later. */
export function filesOf(files: Files, entry: string, whole = false): string[] {
  const first = Object.values(files).find((file) => file.type === 'chunk' && file.isEntry === true && file.facadeModuleId?.endsWith(`/${entry}`) === true);
  if (first === undefined) throw new Error(`no chunk is built from ${entry}: name the page's own file`);
  const needed = new Set<string>();
  const add = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    const file = files[name];
    file?.imports?.forEach(add);
    if (whole) file?.dynamicImports?.forEach(add);
    file?.viteMetadata?.importedCss?.forEach((css) => needed.add(css));
  };
  add(first.fileName);
  return [...needed];
}
