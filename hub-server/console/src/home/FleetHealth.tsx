// The fleet in three figures: edges, cameras, codes that wait.
import { Title } from '@mantine/core'
import { Link } from 'react-router'

import type { Dashboard } from '../api'
import parts from '../parts/parts.module.css'
import { text } from '../strings'
import classes from './home.module.css'

export function FleetHealth({ fleet }: { fleet: NonNullable<Dashboard['fleet']> }) {
  const tiles = [
    {
      label: text.home.edges,
      value: text.home.of(fleet.connected, fleet.edges),
      isBad: fleet.connected < fleet.edges,
    },
    {
      label: text.home.cameras,
      value: text.home.of(fleet.cameras - fleet.cameras_down.length, fleet.cameras),
      isBad: fleet.cameras_down.length > 0,
    },
    { label: text.home.codes, value: String(fleet.codes_waiting), isBad: false },
  ]
  return (
    <section aria-labelledby="fleet">
      <Title order={2} id="fleet" mb="sm">
        {text.home.fleet}
      </Title>
      <ul className={classes.tiles}>
        {tiles.map((tile) => (
          <li key={tile.label}>
            <Link to="/edges" className={`${parts.card} ${classes.tile} ${classes.tileLink}`}>
              <span className={classes.tileLabel}>{tile.label}</span>
              <span className={classes.tileValue} data-bad={tile.isBad || undefined}>
                {tile.value}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
