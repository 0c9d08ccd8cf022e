// Keeps a list's order while somebody points at it or works in it with keys.
import { heldList } from './held';

/** So long after the last movement of pointer or key the order is let go: a cursor that was left lying holds nothing back. */
const HOLD_MS = 5_000;

export class Held<T> {
  private order = $state.raw<readonly string[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly items: () => readonly T[],
    private readonly key: (item: T) => string,
  ) {}

  readonly list = $derived.by(() => heldList(this.items(), this.key, this.order));
  /** Whether letting go would change anything. */
  readonly hides = $derived(this.list.fresh + this.list.moved + this.list.gone > 0);

  /** Somebody points at the list, or a key went to it. */
  readonly hold = (): void => {
    this.order ??= this.items().map(this.key);
    clearTimeout(this.timer);
    this.timer = setTimeout(this.letGo, HOLD_MS);
  };

  /** The list takes its own order again. */
  readonly letGo = (): void => {
    clearTimeout(this.timer);
    this.order = undefined;
  };
}
