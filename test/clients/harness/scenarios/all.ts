import { attributes } from './attributes.ts'
import { buckets } from './buckets.ts'
import { checksums } from './checksums.ts'
import { conditions } from './conditions.ts'
import { configuration } from './configuration.ts'
import { empty } from './empty.ts'
import { forms } from './forms.ts'
import { keys } from './keys.ts'
import { large } from './large.ts'
import { many } from './many.ts'
import { metadata } from './metadata.ts'
import { objects } from './objects.ts'
import { own } from './own.ts'
import { presigned } from './presigned.ts'
import { ranges } from './ranges.ts'
import type { Scenario } from './scenario.ts'
import { snippet } from './snippet.ts'
import { ssec } from './ssec.ts'
import { sync } from './sync.ts'
import { tags } from './tags.ts'

/** The columns of the matrix, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  snippet,
  buckets,
  objects,
  large,
  empty,
  keys,
  metadata,
  presigned,
  forms,
  ranges,
  many,
  conditions,
  ssec,
  checksums,
  tags,
  attributes,
  configuration,
  sync,
  own,
]
