// How the console is built, served while developing, and tested.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// A running hub for `npm run dev`; its certificate is its own, so it is not checked here.
const hub = process.env.GATEWARDEN_HUB ?? 'https://127.0.0.1:8443'

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/api': { target: hub, secure: false } } },
  build: {
    // Browsers of 2024 and later: they know light-dark(), which the style sheets use.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    manifest: true,
    // The policy allows images from data: addresses, but neither scripts nor fonts.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // What several pages share travels as one file instead of dozens of tiny ones.
        advancedChunks: {
          groups: [
            {
              name: 'shared',
              test: /console\/src\/(parts|format|api|edges\/fleet|session\/session|passages\/(Crop|OutcomeMark))|@tabler/,
              minShareCount: 2,
            },
          ],
        },
      },
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
