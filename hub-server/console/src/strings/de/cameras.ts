// Wie oft und wo auf das Bild einer Kamera geschaut wird.
import type { Like } from '../catalogue'
import type { cameras as english } from '../en/cameras'
import { counter } from '../forms'

const many = counter('de')

export const cameras: Like<typeof english> = {
  cameras: {
    title: (name: string) => `Kamera ${name}`,
    lead: 'Wie oft und wo auf das Bild einer Kamera geschaut wird.',
    toEdges: 'Alle Torrechner',
    picture: 'Was die Kamera zeigt',
    canvas:
      'Bereiche auf dem Bild. Beim Zeichnen: Pfeiltasten bewegen das Kreuz, Eingabe setzt eine Ecke, Escape schließt ab.',
    corner: (corner: number, area: number) =>
      `Ecke ${corner} von Bereich ${area}. Pfeiltasten bewegen sie, Eingabe setzt danach eine weitere, Entf nimmt sie heraus.`,
    taken: 'Aufgenommen',
    look: 'Neues Bild',
    noLook: 'Ihre Rolle zeigt keine Bilder dieser Kamera.',
    blind: 'Bereiche lassen sich trotzdem zeichnen.',
    kind: 'Wofür der Bereich steht',
    kinds: { include: 'Kennzeichen zählen hier', exclude: 'Hier nicht' },
    add: 'Bereich zeichnen',
    finish: 'Bereich abschließen',
    drawing: (corners: number) =>
      corners < 3
        ? `Klicken oder tippen Sie die Ecken der Reihe nach um den Bereich an: ${corners} von mindestens 3.`
        : `${corners} Ecken. Gehen Sie weiter um den Bereich, dann schließen Sie ihn ab.`,
    everything: 'Kein Bereich ist gezeichnet: Das ganze Bild zählt.',
    adjust:
      'Ziehen Sie eine Ecke, um sie zu bewegen. Ein kleiner Punkt auf einer Seite fügt eine ein; ein Doppelklick nimmt eine heraus.',
    crossed: (area: number) =>
      `Die Seiten von Bereich ${area} kreuzen oder berühren sich. Rücken Sie seine Ecken auseinander.`,
    rate: 'Wie oft',
    fps: 'Bilder je Sekunde',
    perSecond: (fps: number) => `${fps} / s`,
    wanted: 'Gewünscht',
    measured: 'Angesehen',
    sends: 'Kamera sendet',
    lowered: (fps: number) =>
      `Der Torrechner ist heiß oder überlastet und schaut höchstens ${many(fps, '#-mal', '#-mal')} je Sekunde hin.`,
    noReport: 'Der Torrechner ist nicht erreichbar, oder er ist zu alt, um die Rate zu melden.',
    standing: {
      own: 'Einstellungen des Torrechners',
      applied: 'Übernommen',
      waiting: 'Wartet auf den Torrechner',
      refused: 'Vom Torrechner abgelehnt',
    },
    waitingAway: 'Wartet auf den Torrechner, der nicht erreichbar ist',
    refusedWhy: (why: string) => `Was vorher galt, gilt weiter. Der Torrechner sagt: ${why}.`,
    saved: 'Gespeichert. Der Torrechner erhält es sofort.',
    overtaken: 'Jemand anderes hat diese Kamera geändert. Laden Sie sie neu, bevor Sie sie ändern.',
    reload: 'Neu laden',
    discard: 'Verwerfen',
    history: 'Änderungen',
    hub: 'Dieser Hub',
    own: 'Einstellungen des Torrechners',
    setOwn: (revision: number) => `${revision}: Einstellungen des Torrechners`,
    set: (revision: number, fps: number, areas: number) =>
      `${revision}: ${fps} / s, ${areas === 0 ? 'ganzes Bild' : many(areas, '# Bereich', '# Bereiche')}`,
    restore: 'Wieder nehmen',
    restoreOf: (revision: number) => `Änderung ${revision} wieder nehmen`,
    restoreOwn: 'Die Einstellungen des Torrechners wieder nehmen',
    restored: 'Die früheren Einstellungen liegen für den Torrechner bereit.',
  },
}
