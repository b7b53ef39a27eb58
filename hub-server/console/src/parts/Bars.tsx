// A small bar chart: drawn for the eyes, with the same numbers as a table for everybody.
import { Text } from '@mantine/core'

import { text } from '../strings'
import classes from './bars.module.css'
import parts from './parts.module.css'

/** What one colour of the bars counts. */
export interface Series {
  name: string
  tone: 'first' | 'second' | 'good' | 'bad' | 'warn'
}

/** One place along the axis; `values` in the order of the series. */
export interface Bar {
  /** What stands below, if it does not get too narrow. */
  label: string
  /** What the table and the hint say. */
  name: string
  values: readonly number[]
}

const WIDTH = 720
const HEIGHT = 200
const FOOT = 22
const LABELS = 8

export function Bars({
  title,
  axis,
  series,
  bars,
}: {
  title: string
  axis: string
  series: readonly Series[]
  bars: readonly Bar[]
}) {
  const most = Math.max(1, ...bars.map((bar) => Math.max(...bar.values)))
  const slot = WIDTH / Math.max(1, bars.length)
  const gap = Math.min(slot * 0.25, 8)
  const width = (slot - gap) / series.length
  const every = Math.ceil(bars.length / LABELS)
  return (
    <figure className={classes.figure}>
      <figcaption className={classes.caption}>
        <Text fw={600} size="sm" component="span">
          {title}
        </Text>
        <span className={classes.legend}>
          {series.map((one) => (
            <span key={one.name}>
              <i className={classes.swatch} data-tone={one.tone} aria-hidden="true" />
              {one.name}
            </span>
          ))}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT + FOOT}`}
        className={classes.chart}
        role="img"
        aria-label={text.figures.chart(title, most)}
      >
        {[0.5, 1].map((share) => (
          <g key={share}>
            <line
              x1={0}
              x2={WIDTH}
              y1={HEIGHT * (1 - share) + 1}
              y2={HEIGHT * (1 - share) + 1}
              className={classes.rule}
            />
            {most * share >= 1 && (
              <text x={0} y={HEIGHT * (1 - share) + 13} className={classes.number}>
                {Math.round(most * share)}
              </text>
            )}
          </g>
        ))}
        <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} className={classes.foot} />
        {bars.map((bar, at) => (
          <g key={bar.name}>
            {bar.values.map((value, which) => {
              const height = (value / most) * (HEIGHT - 14)
              return (
                <rect
                  key={series[which]?.name}
                  data-tone={series[which]?.tone}
                  className={classes.bar}
                  x={at * slot + gap / 2 + which * width}
                  width={Math.max(1, width - 1)}
                  y={HEIGHT - height}
                  height={height}
                  rx={Math.min(2, width / 3)}
                >
                  <title>{`${bar.name}: ${value} ${series[which]?.name ?? ''}`}</title>
                </rect>
              )
            })}
            {at % every === 0 && (
              <text x={at * slot + gap / 2} y={HEIGHT + 16} className={classes.number}>
                {bar.label}
              </text>
            )}
          </g>
        ))}
      </svg>
      <details className={classes.details}>
        <summary>{text.figures.asTable}</summary>
        {/* What scrolls must be reached by the keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={title}>
          <table className={`${parts.table} ${classes.table}`}>
            <thead>
              <tr>
                <th scope="col">{axis}</th>
                {series.map((one) => (
                  <th key={one.name} scope="col">
                    {one.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {bars.map((bar) => (
                <tr key={bar.name}>
                  <td data-label={axis}>{bar.name}</td>
                  {bar.values.map((value, which) => (
                    <td key={series[which]?.name} data-label={series[which]?.name}>
                      {value}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}
