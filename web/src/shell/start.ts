// Puts one screen on its page. All that is the same on every page begins here.
import '@fontsource/be-vietnam-pro/400.css';
import '@fontsource/be-vietnam-pro/500.css';
import '@fontsource/be-vietnam-pro/600.css';
import '@fontsource/be-vietnam-pro/700.css';
import '../ui/tokens.css';
import '../ui/parts.css';
import { mount, type Component } from 'svelte';
import { roomDesk } from '../state/room.svelte';
import { settings } from '../state/settings.svelte';
import Shell, { type ScreenProps, type Work } from './Shell.svelte';

interface Options {
  /** Without a network it opens for whoever was signed in here last, and asks again when there is one. */
  opensOffline?: boolean;
}

/** Shows `screen` to whoever signs in, and runs `work` for as long as they are. */
export function start(screen: Component<ScreenProps>, work: Work, { opensOffline = false }: Options = {}): void {
  const query = new URLSearchParams(location.search);
  settings.load(query);
  roomDesk.load(query);
  const target = document.getElementById('app');
  if (target !== null) mount(Shell, { target, props: { screen, work, opensOffline } });
}
