// What comes to the gates, as it happens.
export const live = {
  live: {
    title: 'Live',
    lead: 'What comes to your gates, as it happens.',
    gates: 'Gates',
    feed: 'Passages',
    everything: 'Everything',
    attention: 'Needs a look',
    empty: 'Nothing has come by yet',
    emptyWhy: 'As soon as a gate sees a vehicle, it shows up here with its picture.',
    quiet: 'Nothing needs a look',
    quietWhy: 'Vehicles that were denied, or that a gate was not sure about, show up here.',
    noGates: 'No gate yet',
    noGatesWhy: 'Enrol the small computer at your first gate; its gates appear here by themselves.',
    enrol: 'Enrol an edge',
    nobody: 'Nothing yet',
    older: 'All passages',
    open: 'Open',
    openGate: (name: string) => `Open ${name} by hand`,
  },
} as const
