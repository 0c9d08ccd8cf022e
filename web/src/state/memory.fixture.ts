// A localStorage of a test's own.
export function memory(kept = new Map<string, string>()): Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'> & { kept: Map<string, string> } {
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    key: (at) => [...kept.keys()][at] ?? null,
    get length() {
      return kept.size;
    },
  };
}
