// Das eigene Konto.
import type { Like } from '../catalogue'
import type { own as english } from '../en/own'
import { counter } from '../forms'

const many = counter('de')

export const own: Like<typeof english> = {
  own: {
    title: (name: string) => name,
    lead: 'Ihr Passwort, und wo Sie angemeldet sind.',
    logIns: 'Wo Sie angemeldet sind',
    browser: 'Browser',
    unknown: 'Unbekannt',
    address: 'Adresse',
    since: 'Seit',
    until: 'Bis',
    here: 'dieser hier',
    end: 'Beenden',
    ended: 'Diese Anmeldung ist beendet.',
    password: 'Passwort',
    current: 'Ihr Passwort',
    next: 'Neues Passwort',
    nextWhy: 'Mindestens 8 Zeichen, mit Großbuchstabe, Kleinbuchstabe und Ziffer. Alle Ihre anderen Anmeldungen enden.',
    submit: 'Passwort ändern',
    changed: 'Ihr Passwort ist geändert.',
    factor: 'Zweiter Faktor',
    factorOff: 'Aus. Ist er an, braucht die Anmeldung neben dem Passwort einen Code Ihres Telefons.',
    factorNeeded:
      'Ihre Rolle braucht einen zweiten Faktor. Bis er eingerichtet ist, können Sie hier nichts anderes tun.',
    factorOn: (codes: number) =>
      `An. ${many(codes, '# Wiederherstellungscode ist', '# Wiederherstellungscodes sind')} übrig.`,
    factorBegin: 'Einrichten',
    factorScan:
      'Scannen Sie dies mit einer Authenticator-App, oder tippen Sie das Geheimnis dort ein. Geben Sie dann den Code an, den sie zeigt.',
    factorQr: 'QR-Code für die Authenticator-App',
    factorSecret: 'Geheimnis',
    factorCode: 'Code',
    factorConfirm: 'Einschalten',
    factorTurnOff: 'Ausschalten',
    factorOffWhy: 'Ein Code der Authenticator-App oder ein Wiederherstellungscode.',
    factorIsOff: 'Der zweite Faktor ist aus.',
    recovery: 'Ihre Wiederherstellungscodes',
    recoveryWhy:
      'Jeder meldet einmal an, wenn die Authenticator-App verloren ist. Sie werden nur dieses eine Mal gezeigt: Drucken Sie sie aus, oder verwahren Sie sie sicher.',
    recoveryKept: 'Ich habe sie',
  },
}
