// A look through a camera: the picture as an address that an image can show, and when it was taken.
import { api, take } from '../api'

export interface Look {
  url: string
  at: string | null
}

export async function lookThrough(id: string, camera: string): Promise<Look> {
  const call = api.GET('/api/v1/gates/{id}/cameras/{camera}/snapshot', {
    params: { path: { id, camera } },
    parseAs: 'blob',
    cache: 'no-store',
  })
  const picture: Blob = await take(call)
  const { response } = await call
  return { url: await addressOf(picture), at: response.headers.get('x-taken-at') }
}

function addressOf(picture: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result : '')
    reader.onerror = () => reject(reader.error ?? new Error('the picture could not be read'))
    reader.readAsDataURL(picture)
  })
}
