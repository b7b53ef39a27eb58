// Antes de iniciar sesión: entrar y configurar el servidor.
import type { Like } from '../catalogue'
import type { session as english } from '../en/session'

export const session: Like<typeof english> = {
  logIn: {
    title: 'Iniciar sesión',
    lead: 'Accesos, permisos y estancias de sus recintos.',
    name: 'Nombre',
    password: 'Contraseña',
    submit: 'Iniciar sesión',
    wrong: 'El nombre o la contraseña no son correctos.',
    code: 'Código',
    codeWhy: 'Seis cifras de su aplicación de autenticación o uno de sus códigos de recuperación.',
    wrongCode: 'El código no es correcto o ya se ha usado. Espere al siguiente.',
    setupNeeded: 'Este servidor aún no está configurado. Abra el enlace de configuración que mostró al arrancar.',
  },

  setUp: {
    title: 'Configurar este servidor',
    lead: 'Dé nombre a su organización y a su primer recinto, y cree la primera cuenta de administración. Más adelante podrá añadir otros.',
    leadOf: (organisation: string) =>
      `Este servidor pertenece a ${organisation}. Cree su primera cuenta de administración.`,
    token: 'Código de configuración',
    tokenWhy: 'La parte que sigue a «token=» en el enlace que el servidor mostró al arrancar.',
    organisation: 'Organización',
    organisationWhy: 'El municipio o la empresa.',
    site: 'Primer recinto',
    siteWhy: 'Un lugar con accesos.',
    timeZone: 'Zona horaria',
    timeZoneWhy: 'Los horarios semanales de los permisos se entienden en esta zona horaria.',
    you: 'Primera cuenta de administración',
    name: 'Nombre para iniciar sesión',
    password: 'Contraseña',
    passwordWhy: 'Al menos 8 caracteres, con una mayúscula, una minúscula y una cifra.',
    submit: 'Configurar e iniciar sesión',
    done: 'Este servidor ya está configurado.',
    toLogIn: 'Ir al inicio de sesión',
  },
}
