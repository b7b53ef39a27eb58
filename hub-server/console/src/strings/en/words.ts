// The trade's words that several pages show.
export const words = {
  role: {
    admin: 'Administrator',
    operator: 'Operator',
    viewer: 'Viewer',
    technician: 'Technician',
    customer: 'Customer',
  },

  right: {
    view_passages: 'See passages and pictures',
    view_permits: 'See permits',
    edit_permits: 'Change permits',
    order_barrier: 'Move barriers by hand',
    configure_cameras: 'Set cameras',
    view_visits: 'See visits',
    correct_visits: 'Correct visits',
    view_fleet: 'See sites, gates and edges',
    enrol_edges: 'Enrol and retire edges',
    view_models: 'See the models in use',
    view_audit: 'See the audit trail',
    manage_accounts: 'Manage accounts and roles',
    manage_keys: 'Manage API keys',
    manage_integrations: 'Manage webhooks and MQTT',
    metrics: 'Read the metrics',
  },

  outcome: { open: 'Opened', deny: 'Denied', ask: 'Asks' },

  reason: {
    permitted: 'A permit holds for this plate.',
    denied: 'The plate is in the book as denied.',
    unknown: 'No permit has this plate.',
    not_yet_valid: 'The permit is not valid yet.',
    expired: 'The permit has run out.',
    outside_schedule: 'Outside the permit’s week schedule.',
    other_gate: 'The permit does not name this gate.',
    unsure: 'The plate could not be read surely enough to open.',
    ambiguous: 'The read could be two different permits, so it never opens.',
    time_unknown: 'The permit has time limits, and the gate’s clock is not set yet.',
    no_plate: 'Something came by without a readable plate.',
  },

  direction: { entry: 'Entry', exit: 'Exit' },

  heading: { title: 'Way', approaching: 'Coming', leaving: 'Leaving', unknown: 'Not clear' },

  vehicle: {
    title: 'Vehicle',
    type: 'Type',
    colour: 'Colour',
    types: { car: 'Car', van: 'Van', truck: 'Truck', bus: 'Bus', motorcycle: 'Motorcycle' },
    colours: {
      white: 'White',
      grey: 'Grey',
      black: 'Black',
      red: 'Red',
      blue: 'Blue',
      green: 'Green',
      yellow: 'Yellow',
      brown: 'Brown',
    },
    phrase: (type: string, colour: string) => [colour, type].filter(Boolean).join(' ').toLowerCase(),
    notSure: 'not sure',
    noColours: 'no colours in the picture',
    sure: (word: string, sure: string) => `${word}, ${sure} sure`,
    other: 'Other vehicle',
    mismatch: (said: string, seen: string) => `The permit says ${said}; seen: ${seen}.`,
    asks: 'A permit holds for this plate, but the vehicle is not the one that it describes.',
    something: 'something else',
  },

  noPlate: 'No plate',

  everyGate: 'Every gate',

  time: {
    justNow: 'just now',
    never: 'never',
    today: 'Today',
    yesterday: 'Yesterday',
  },

  picture: {
    plateOf: (plate: string) => `The plate, read as ${plate}`,
    plate: 'The plate',
    frame: 'The whole picture',
    waiting: 'Picture on its way',
    expired: 'Picture deleted after its time',
    none: 'No picture',
  },
} as const
