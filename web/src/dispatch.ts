import '@fontsource/be-vietnam-pro/400.css';
import '@fontsource/be-vietnam-pro/500.css';
import '@fontsource/be-vietnam-pro/600.css';
import '@fontsource/be-vietnam-pro/700.css';
import './ui/tokens.css';
import { mount } from 'svelte';
import App from './screens/dispatch/App.svelte';
import { settings } from './state/settings.svelte';

settings.load(new URLSearchParams(location.search));
const target = document.getElementById('app');
if (target !== null) mount(App, { target });
