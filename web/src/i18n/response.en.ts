import type { viResponse } from './response.vi';

/** Words of what to do about an alarm, by its condition. */
export const enResponse: typeof viResponse = {
  heading: 'What to do',
  consequence: 'If nobody acts',
  action: 'Do first',
  within: (minutes) => `within ${minutes} min`,
  of: {
    high: { consequence: 'What is above its limit may flood, slide or harm people around the station.', action: 'Look at the course and at cameras nearby; have the commune confirm; open or join an incident.', minutes: 5 },
    low: { consequence: 'Too low: water is short, or the sensor is off.', action: 'Compare with the next station; if it alone is off, tell maintenance.', minutes: 30 },
    'level-1': { consequence: 'Flats and low roads along the river begin to flood.', action: 'Tell the communes along the river; have units and material ready.', minutes: 15 },
    'level-2': { consequence: 'Water enters gardens and low houses; dikes are threatened.', action: 'Tell the command; have the dikes watched; prepare to evacuate low places.', minutes: 10 },
    'level-3': { consequence: 'Deep flooding, broken dikes, people surrounded by water.', action: 'Open an incident; order evacuation; send boats and rescue; draft a warning to the public.', minutes: 3 },
    rate: { consequence: 'Water rises fast: a flash flood may come before any limit is passed.', action: 'Call upstream and the commune; look at cameras; prepare a warning.', minutes: 5 },
    silence: { consequence: 'This place cannot be seen: the figure shown is old.', action: 'Look at stations and cameras beside it; ask the commune; tell maintenance.', minutes: 15 },
    fault: { consequence: 'What the device measures cannot be trusted.', action: 'Do not rely on it; tell maintenance; shelve it with the reason while it is mended.', minutes: 30 },
    'no-signal': { consequence: 'This place cannot be seen any more.', action: 'Use another camera nearby; tell maintenance.', minutes: 30 },
    flood: { consequence: 'An alarm that matters drowns among many others.', action: 'Work by group, critical ones first; call more people on duty.', minutes: 5 },
    unusual: { consequence: 'It may be an early sign, or a broken device.', action: 'Look at the chart and at the next station, then decide.', minutes: 30 },
    forecast: { consequence: 'The limit may be passed at the time named.', action: 'Tell the commune beforehand; plan to look again; have units ready.', minutes: 15 },
    smoke: { consequence: 'The fire spreads, people are trapped.', action: 'Look at cameras; call 114; open an incident and send units.', minutes: 1 },
    other: { consequence: 'A condition that its owner set holds.', action: 'Look at the file of the device and ask its owner.', minutes: 15 },
  },
};
