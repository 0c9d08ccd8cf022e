// Which key presses are never shortcuts, and what the others are called. One key does the same on every screen, or nothing:
// F1 commands, F2 takes what rings first, F4 takes what is suggested, F9 sends units; Alt+N is a new incident.

/** Vietnamese input methods compose a letter over several keys. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** The key goes into a field, or belongs to the browser. */
export function isTyping(event: KeyboardEvent): boolean {
  const inField = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  return inField || isComposing(event) || event.ctrlKey || event.metaKey || event.altKey;
}

/** Its name as the lists of keys have it: "F2", "Shift+F2", "Alt+N". A letter goes by its place, since Alt and input methods change what it types. */
export function nameOf({ altKey, code, ctrlKey, key, metaKey, shiftKey }: Pick<KeyboardEvent, 'altKey' | 'code' | 'ctrlKey' | 'key' | 'metaKey' | 'shiftKey'>): string {
  const held = `${ctrlKey ? 'Ctrl+' : ''}${altKey ? 'Alt+' : ''}${metaKey ? 'Meta+' : ''}${shiftKey ? 'Shift+' : ''}`;
  return held + (/^Key([A-Z])$/.exec(code)?.[1] ?? key);
}
