// Every address of the console; each page is a chunk of its own.
import type { ComponentType } from 'react'
import { createBrowserRouter } from 'react-router'

import { Waiting } from './parts/Waiting'
import { RouteFailure } from './shell/RouteFailure'

type Page = () => Promise<{ default: ComponentType }>

const at = (path: string, load: Page) => ({
  path,
  lazy: async () => ({ Component: (await load()).default }),
})

export const router = createBrowserRouter([
  {
    errorElement: <RouteFailure />,
    hydrateFallbackElement: <Waiting />,
    children: [
      at('/login', () => import('./session/LogInPage')),
      at('/setup', () => import('./session/SetUpPage')),
      {
        ...at('/', () => import('./shell/Shell')),
        children: [
          {
            errorElement: <RouteFailure />,
            children: [
              { index: true, lazy: async () => ({ Component: (await import('./home/HomePage')).default }) },
              at('live', () => import('./live/LivePage')),
              at('checklist', () => import('./checklist/ChecklistPage')),
              at('passages', () => import('./passages/PassagesPage')),
              at('passages/:id', () => import('./passages/PassagePage')),
              at('permits', () => import('./permits/PermitsPage')),
              at('visits', () => import('./visits/VisitsPage')),
              at('gates/:id/cameras/:camera', () => import('./cameras/CameraPage')),
              at('edges', () => import('./edges/EdgesPage')),
              at('audit', () => import('./audit/AuditPage')),
              at('accounts', () => import('./accounts/AccountsPage')),
              at('roles', () => import('./roles/RolesPage')),
              at('keys', () => import('./keys/KeysPage')),
              at('webhooks', () => import('./webhooks/WebhooksPage')),
              at('mqtt', () => import('./mqtt/MqttPage')),
              at('account', () => import('./account/OwnAccountPage')),
              at('*', () => import('./shell/NoSuchPage')),
            ],
          },
        ],
      },
    ],
  },
])
