import type { viService } from './service.vi';

/** Words of devices that are out of service, and of alarms that are suppressed by design. */
export const enService: typeof viService = {
  takeOut: 'Take out of service',
  giveBack: 'Return to service',
  whole: 'The whole device',
  entry: (what, time, by) => `${what} · until ${time} · ${by}`,
  question: 'Take a device out of service',
  hint: 'Its alarms are recorded and counted, and call for nobody. It returns by itself. Your name and the reason are kept in the log.',
  what: 'What is out of service',
  until: 'For',
  lasts: (hours) => (hours < 24 ? `${hours} h` : hours === 24 ? '1 day' : `${hours / 24} days`),
  count: (out, suppressed) => `${out} out of service · ${suppressed} suppressed by design`,
  heading: 'Alarms that call for nobody',
  out: (count) => `Out of service: ${count}`,
  suppressed: (count) => `Suppressed by design: ${count}`,
  rule: (condition, cause) => `While ${cause}: nobody is called for ${condition}.`,
  because: (condition) => `because at the same station: ${condition}`,
};
