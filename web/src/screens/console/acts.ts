// What can be done about the call at hand, by key, by button and by command alike.

export interface CallActs {
  /** Answers what rings; of a call-back: the caller was reached. */
  answer: () => void;
  hold: () => void;
  /** Opens the command line at "transfer". */
  transfer: () => void;
  /** Ends the call; of a call-back: the caller was not reached. */
  end: () => void;
  falseCall: () => void;
  settle: (note: string) => void;
  ready: () => void;
  pause: () => void;
  leave: () => void;
}
