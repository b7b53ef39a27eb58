// How a plate was read: its possible readings, and each character with what else it could be.
import { Stack, Text, Title } from '@mantine/core'

import type { PassageDetail } from '../api'
import { percent } from '../format/share'
import { Plate } from '../parts/Plate'
import { text } from '../strings'
import classes from './passages.module.css'

/** Below this, a character is marked as unsure. */
const SURE = 0.9

export function ReadDetail({ passage }: { passage: PassageDetail }) {
  if (passage.candidates.length === 0) return <Text c="dimmed">{text.passage.noRead}</Text>
  return (
    <Stack gap="md">
      <div>
        <Title order={3} mb="xs">
          {text.passage.candidates}
        </Title>
        <Stack gap={7}>
          {passage.candidates.map((candidate) => (
            <div key={candidate.text} className={classes.candidate}>
              <span>
                <Plate plate={candidate.text} />
              </span>
              <span className={classes.track} aria-hidden="true">
                <span
                  className={classes.fill}
                  style={{ display: 'block', width: `${Math.max(1, candidate.confidence * 100)}%` }}
                />
              </span>
              <span className={classes.amount}>{percent(candidate.confidence)}</span>
            </div>
          ))}
        </Stack>
      </div>
      {passage.characters.length > 0 && (
        <div>
          <Title order={3}>{text.passage.characters}</Title>
          <Text size="sm" c="dimmed" mb="xs">
            {text.passage.charactersWhy}
          </Text>
          <ol className={classes.characters}>
            {passage.characters.map(({ options }, index) => (
              <li
                key={index}
                className={classes.character}
                data-unsure={(options[0]?.probability ?? 0) < SURE || undefined}
              >
                <span className={classes.symbol}>{options[0]?.symbol}</span>
                <ol className={classes.options}>
                  {options.slice(0, 3).map((option) => (
                    <li key={option.symbol}>
                      <span>{option.symbol}</span>
                      <span>{shortPercent(option.probability)}</span>
                    </li>
                  ))}
                </ol>
              </li>
            ))}
          </ol>
        </div>
      )}
    </Stack>
  )
}

/** Whole percents, for narrow cells. */
function shortPercent(share: number): string {
  return share > 0 && share < 0.005 ? '<1%' : `${Math.round(share * 100)}%`
}
