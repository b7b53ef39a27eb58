// A camera's picture with polygons on it, to be drawn by mouse, finger or keyboard.
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react'

import { text } from '../strings'
import classes from './cameras.module.css'
import { type Act, type Drawing, middle, type Point } from './drawing'

/** How far an arrow key moves a corner, and with Shift. */
const STEP = 0.01
const LONG_STEP = 0.05

const ARROWS: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

export function Canvas({
  picture,
  drawing,
  onAct,
  frozen,
}: {
  picture: string | undefined
  drawing: Drawing
  onAct: (act: Act) => void
  /** Nothing may be changed. */
  frozen: boolean
}) {
  const ground = useRef<SVGSVGElement>(null)
  const [size, setSize] = useState({ width: 16, height: 9 })
  const [cursor, setCursor] = useState<Point>([0.5, 0.5])
  const [held, setHeld] = useState<{ shape: number; corner: number; moved: boolean } | null>(null)
  const [focused, setFocused] = useState(false)
  const { draft } = drawing

  const at = (event: PointerEvent): Point => {
    const box = ground.current?.getBoundingClientRect()
    if (!box || box.width === 0 || box.height === 0) return [0, 0]
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
  }
  const press = (event: PointerEvent) => {
    if (frozen || !draft || event.button !== 0) return
    onAct({ do: 'corner', at: at(event) })
  }
  const drag = (event: PointerEvent) => {
    if (!held) return
    onAct({ do: 'move', shape: held.shape, corner: held.corner, at: at(event), goesOn: held.moved })
    if (!held.moved) setHeld({ ...held, moved: true })
  }
  const type = (event: KeyboardEvent) => {
    if (frozen || !draft) return
    const way = ARROWS[event.key]
    if (way) {
      const far = event.shiftKey ? LONG_STEP : STEP
      const place = (value: number, by: number) => Math.min(Math.max(value + by * far, 0), 1)
      setCursor([place(cursor[0], way[0]), place(cursor[1], way[1])])
    } else if (event.key === 'Enter' || event.key === ' ') onAct({ do: 'corner', at: cursor })
    else if (event.key === 'Escape') onAct({ do: 'finish' })
    else return
    event.preventDefault()
  }

  // The overlay's own units: a hundred to the picture's height, so that marks are round.
  const wide = (100 * size.width) / size.height
  const place = ([x, y]: Point): Point => [x * wide, y * 100]
  const outline = (points: readonly Point[]) => points.map((point) => place(point).join(',')).join(' ')
  const [crossX, crossY] = place(cursor)
  return (
    <div className={classes.canvas} style={{ aspectRatio: `${size.width} / ${size.height}` }}>
      {picture && (
        <img
          src={picture}
          alt={text.cameras.picture}
          draggable={false}
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
            if (width > 0 && height > 0) setSize({ width, height })
          }}
        />
      )}
      {/* A person draws here: the keys are said in the words under the picture. */}
      <svg
        ref={ground}
        viewBox={`0 0 ${wide} 100`}
        role="application"
        aria-label={text.cameras.canvas}
        tabIndex={0}
        data-drawing={draft ? true : undefined}
        onPointerDown={press}
        onPointerMove={drag}
        onPointerUp={() => setHeld(null)}
        onPointerCancel={() => setHeld(null)}
        onKeyDown={type}
        onFocus={(event) => setFocused(event.target === event.currentTarget)}
        onBlur={() => setFocused(false)}
      >
        {drawing.shapes.map((shape, number) => (
          <g key={number} data-kind={shape.kind}>
            <polygon className={classes.area} points={outline(shape.points)} />
            {!frozen && !draft && (
              <Corners
                points={shape.points}
                place={place}
                name={(corner) => text.cameras.corner(corner + 1, number + 1)}
                onHold={(corner) => setHeld({ shape: number, corner, moved: false })}
                onNudge={(corner, [x, y]) => {
                  const [fromX, fromY] = shape.points[corner] ?? [0, 0]
                  onAct({ do: 'move', shape: number, corner, at: [fromX + x, fromY + y], goesOn: false })
                }}
                onRemove={(corner) => onAct({ do: 'remove', shape: number, corner })}
                onInsert={(after) => onAct({ do: 'insert', shape: number, after, at: middle(shape.points, after) })}
              />
            )}
          </g>
        ))}
        {draft && (
          <g data-kind={draft.kind}>
            <polyline className={classes.draft} points={outline(draft.points)} />
            {draft.points.map((point, number) => {
              const [x, y] = place(point)
              return <circle key={number} className={classes.dot} cx={x} cy={y} r={1.1} />
            })}
          </g>
        )}
        {draft && focused && (
          <path
            className={classes.cursor}
            d={`M${crossX - 4} ${crossY}h8M${crossX} ${crossY - 4}v8`}
            aria-hidden="true"
          />
        )}
      </svg>
    </div>
  )
}

function Corners({
  points,
  place,
  name,
  onHold,
  onNudge,
  onRemove,
  onInsert,
}: {
  points: readonly Point[]
  place: (point: Point) => Point
  name: (corner: number) => string
  onHold: (corner: number) => void
  onNudge: (corner: number, by: Point) => void
  onRemove: (corner: number) => void
  onInsert: (after: number) => void
}) {
  const type = (corner: number) => (event: KeyboardEvent) => {
    const way = ARROWS[event.key]
    const far = event.shiftKey ? LONG_STEP : STEP
    if (way) onNudge(corner, [way[0] * far, way[1] * far])
    else if (event.key === 'Delete' || event.key === 'Backspace') onRemove(corner)
    else if (event.key === 'Enter' || event.key === '+') onInsert(corner)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <>
      {points.map((_, number) => {
        const [x, y] = place(middle(points, number))
        return (
          <g key={`side ${number}`} className={classes.side} onPointerDown={() => onInsert(number)}>
            <circle className={classes.reach} cx={x} cy={y} r={3} />
            <circle className={classes.seed} cx={x} cy={y} r={0.9} />
          </g>
        )
      })}
      {points.map((point, number) => {
        const [x, y] = place(point)
        return (
          <g
            key={`corner ${number}`}
            role="button"
            tabIndex={0}
            aria-label={name(number)}
            className={classes.corner}
            onPointerDown={(event) => {
              if (event.button !== 0) return
              // The ground gets what follows, wherever the finger goes.
              event.currentTarget.ownerSVGElement?.setPointerCapture(event.pointerId)
              onHold(number)
            }}
            onDoubleClick={() => onRemove(number)}
            onKeyDown={type(number)}
          >
            <circle className={classes.reach} cx={x} cy={y} r={4} />
            <circle className={classes.knob} cx={x} cy={y} r={1.4} />
          </g>
        )
      })}
    </>
  )
}
