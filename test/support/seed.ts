import fc from 'fast-check'
import { USUAL_SEED } from './fuzz.ts'

// Properties that name no seed always run with this one: a failure here repeats.
fc.configureGlobal({ seed: USUAL_SEED })
