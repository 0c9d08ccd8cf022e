// Puts a screen on its page, for whoever signs in. What is the same on every page begins here; its words are the page's own.
import '@fontsource/be-vietnam-pro/400.css';
import '@fontsource/be-vietnam-pro/700.css';
import '../ui/tokens.css';
import '../ui/parts.css';
import { mount, type Component } from 'svelte';
import { choices } from '../state/choices.svelte';
import Shell, { type ScreenProps, type Work } from './Shell.svelte';

interface Options {
  /** Without a network it opens for whoever was signed in here last, and asks again when there is one. */
  opensOffline?: boolean;
  /** The screen, or the form to sign in, stands for the first time. */
  shown?: () => void;
}

/** Shows `screen` to whoever signs in, and runs `work` for as long as they are. The page has its words already. */
export async function show(screen: Component<ScreenProps>, work: Work, { opensOffline = false, shown = () => {} }: Options = {}): Promise<void> {
  choices.load(new URLSearchParams(location.search));
  await choices.ready();
  const target = document.getElementById('app');
  if (target !== null) mount(Shell, { target, props: { screen, work, opensOffline, shown } });
}
