// La cuenta propia.
import type { Like } from '../catalogue'
import type { own as english } from '../en/own'
import { counter } from '../forms'

const many = counter('es')

export const own: Like<typeof english> = {
  own: {
    title: (name: string) => name,
    lead: 'Su contraseña y dónde tiene sesión iniciada.',
    logIns: 'Dónde tiene sesión iniciada',
    browser: 'Navegador',
    unknown: 'Desconocido',
    address: 'Dirección',
    since: 'Desde',
    until: 'Hasta',
    here: 'este',
    end: 'Terminar',
    ended: 'Esa sesión ha terminado.',
    password: 'Contraseña',
    current: 'Su contraseña',
    next: 'Nueva contraseña',
    nextWhy: 'Al menos 8 caracteres, con una mayúscula, una minúscula y una cifra. Terminan todas sus demás sesiones.',
    submit: 'Cambiar la contraseña',
    changed: 'Su contraseña ha cambiado.',
    factor: 'Segundo factor',
    factorOff: 'Desactivado. Con él, iniciar sesión pide un código de su teléfono además de la contraseña.',
    factorNeeded: 'Su rol necesita un segundo factor. Hasta configurarlo no puede hacer nada más aquí.',
    factorOn: (codes: number) =>
      `Activado. ${many(codes, 'Queda # código de recuperación', 'Quedan # códigos de recuperación')}.`,
    factorBegin: 'Configurarlo',
    factorScan:
      'Escanee esto con una aplicación de autenticación o escriba en ella el secreto. Después introduzca el código que muestre.',
    factorQr: 'Código QR para la aplicación de autenticación',
    factorSecret: 'Secreto',
    factorCode: 'Código',
    factorConfirm: 'Activarlo',
    factorTurnOff: 'Desactivarlo',
    factorOffWhy: 'Un código de la aplicación de autenticación o un código de recuperación.',
    factorIsOff: 'El segundo factor está desactivado.',
    recovery: 'Sus códigos de recuperación',
    recoveryWhy:
      'Cada uno permite iniciar sesión una vez si se pierde la aplicación de autenticación. Solo se muestran esta vez: imprímalos o guárdelos en lugar seguro.',
    recoveryKept: 'Ya los tengo',
  },
}
