// Vor der Anmeldung: sich anmelden und den Hub einrichten.
import type { Like } from '../catalogue'
import type { session as english } from '../en/session'

export const session: Like<typeof english> = {
  logIn: {
    title: 'Anmelden',
    lead: 'Tore, Berechtigungen und Aufenthalte Ihrer Standorte.',
    name: 'Name',
    password: 'Passwort',
    submit: 'Anmelden',
    wrong: 'Name oder Passwort ist falsch.',
    code: 'Code',
    codeWhy: 'Sechs Ziffern Ihrer Authenticator-App oder einer Ihrer Wiederherstellungscodes.',
    wrongCode: 'Der Code ist falsch oder wurde schon benutzt. Warten Sie auf den nächsten.',
    setupNeeded:
      'Dieser Hub ist noch nicht eingerichtet. Öffnen Sie den Einrichtungslink, den er beim Start ausgegeben hat.',
  },

  setUp: {
    title: 'Diesen Hub einrichten',
    lead: 'Benennen Sie Ihre Organisation und ihren ersten Standort, und legen Sie das erste Administrationskonto an. Weiteres können Sie später ergänzen.',
    leadOf: (organisation: string) =>
      `Dieser Hub gehört zu ${organisation}. Legen Sie das erste Administrationskonto an.`,
    token: 'Einrichtungscode',
    tokenWhy: 'Der Teil nach „token=“ in dem Link, den der Hub beim Start ausgegeben hat.',
    organisation: 'Organisation',
    organisationWhy: 'Die Stadt oder das Unternehmen.',
    site: 'Erster Standort',
    siteWhy: 'Ein Ort mit Toren.',
    timeZone: 'Zeitzone',
    timeZoneWhy: 'Die Wochenzeiten von Berechtigungen gelten in dieser Zeitzone.',
    you: 'Erstes Administrationskonto',
    name: 'Name zum Anmelden',
    password: 'Passwort',
    passwordWhy: 'Mindestens 8 Zeichen, mit Großbuchstabe, Kleinbuchstabe und Ziffer.',
    submit: 'Einrichten und anmelden',
    done: 'Dieser Hub ist schon eingerichtet.',
    toLogIn: 'Zur Anmeldung',
  },
}
