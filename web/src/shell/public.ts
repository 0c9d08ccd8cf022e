// Puts a page on the screen of somebody without an account. It shares the look with the other screens and none of their weight: no
// session, no line to the feed, and words of its own.
import '@fontsource/be-vietnam-pro/400.css';
import '@fontsource/be-vietnam-pro/600.css';
import '../ui/tokens.css';
import '../ui/parts.css';
import { mount, type Component } from 'svelte';
import { reader } from '../state/reader.svelte';

/** Shows `page`. */
export async function startPublic(page: Component): Promise<void> {
  reader.load(new URLSearchParams(location.search));
  await reader.ready();
  const target = document.getElementById('app');
  if (target !== null) mount(page, { target });
}
