// How modules are put into files: a phone's page in few of them, because on a slow line each costs a round of its delay.

/** What a crew's page shows first. Their modules do nothing when they are loaded, so that other pages may share the file. */
const CREW = /[\\/]src[\\/](?:shell[\\/]show\.ts|screens[\\/]unit[\\/]Crew\.svelte|i18n[\\/]phone\.vi\.ts)$/;
/** The pages for everybody. */
const PUBLIC = /[\\/]src[\\/](?:tell|follow)\.ts$/;

/** The drawing of communes, which phones and rooms share: three small files that would each be asked for. */
const SHAPES = /[\\/]src[\\/](?:nouns[\\/](?:sketch|commune)|link[\\/]assets)\.ts$/;

/** How a video is shown, which the pages for everybody share with the rooms: in a file of its own it would be two more to ask for. */
const CLIP = /[\\/]src[\\/]ui[\\/]Clip\.svelte/;

/** The files that are put together by hand. */
type Named = 'base' | 'crew' | 'shapes';

interface Graph {
  getModuleInfo(id: string): { importers: readonly string[] } | null;
}

/** Whether a module is one of `roots`, or comes along with one. */
function comesWith(id: string, roots: RegExp, graph: Graph, seen = new Set<string>()): boolean {
  if (roots.test(id)) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  return graph.getModuleInfo(id)?.importers.some((importer) => comesWith(importer, roots, graph, seen)) ?? false;
}

/** The file that a module goes into; null: the bundler decides. */
function chunkOf(id: string, graph: Graph): Named | null {
  if (CLIP.test(id)) return 'base';
  if (!comesWith(id, CREW, graph)) return SHAPES.test(id) ? 'shapes' : null;
  return comesWith(id, PUBLIC, graph) ? 'base' : 'crew';
}

/** One of these files as the bundler wants it named; what two could hold goes into that of the higher priority. */
export function inChunk(chunk: Named, priority: number): { debugName: string; name: (id: string, graph: Graph) => string | null; priority: number } {
  return { debugName: chunk, name: (id, graph) => (chunkOf(id, graph) === chunk ? chunk : null), priority };
}
