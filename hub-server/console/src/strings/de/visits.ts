// Wer auf dem Gelände ist, wer es war, und was nicht aufgeht.
import type { Like } from '../catalogue'
import type { visits as english } from '../en/visits'

export const visits: Like<typeof english> = {
  visits: {
    title: 'Aufenthalte',
    lead: 'Wer auf dem Gelände ist, wer es war, und was nicht aufgeht.',
    onSite: 'auf dem Gelände',
    capacity: (count: number) => `von ${count} Plätzen`,
    full: (percent: number) => `zu ${percent} % belegt`,
    tabs: { open: 'Auf dem Gelände', closed: 'Beendet', unpaired: 'Geht nicht auf' },
    plate: 'Kennzeichen',
    holder: 'Inhaber',
    site: 'Standort',
    entered: 'Gekommen',
    left: 'Gefahren',
    duration: 'Dauer',
    act: 'Handeln',
    unknown: 'nicht gesehen',
    open: 'Fahrzeug eintragen',
    openWhy:
      'Für ein Fahrzeug, das auf dem Gelände ist und das kein Tor kommen sah. Der Grund steht danach im Protokoll.',
    openSubmit: 'Eintragen',
    openPlaceholder: 'Kam herein, während die Kamera gereinigt wurde',
    opened: (plate: string) => `${plate} ist auf dem Gelände.`,
    close: 'Beenden',
    closeTitle: (plate: string) => `Aufenthalt von ${plate} beenden`,
    closeWhy: 'Für ein Fahrzeug, das ungesehen weggefahren ist. Der Grund steht danach im Protokoll.',
    reason: 'Grund',
    reasonPlaceholder: 'Fuhr durch das Werkstatttor hinaus',
    closed: (plate: string) => `Der Aufenthalt von ${plate} ist beendet.`,
    corrected: (by: string, reason: string) => `Berichtigt von ${by}: ${reason}`,
    long: 'Länger als ein Tag',
    empty: {
      open: 'Niemand ist auf dem Gelände',
      closed: 'Noch ist kein Aufenthalt beendet',
      unpaired: 'Alles geht auf',
    },
    emptyWhy: {
      open: 'Ein Aufenthalt beginnt, wenn ein Fahrzeug durch eine Einfahrt kommt.',
      closed: 'Ein Aufenthalt endet, wenn sein Fahrzeug durch eine Ausfahrt fährt.',
      unpaired: 'Hier erscheinen Aufenthalte, denen Einfahrt oder Ausfahrt fehlt.',
    },
  },
}
