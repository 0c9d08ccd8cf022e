// Puts one of the rooms' screens on its page, with all words and further weights of letters.
import '@fontsource/be-vietnam-pro/500.css';
import '@fontsource/be-vietnam-pro/600.css';
import '../state/settings.svelte';
import type { Component } from 'svelte';
import { roomDesk } from '../state/room.svelte';
import type { ScreenProps, Work } from './Shell.svelte';
import { show } from './show';

/** Shows `screen` to whoever signs in, and runs `work` for as long as they are. */
export function start(screen: Component<ScreenProps>, work: Work): void {
  roomDesk.load(new URLSearchParams(location.search));
  void show(screen, work);
}
