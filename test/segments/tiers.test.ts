import { D1Tier } from '../../src/segments/tiers/d1-tier.ts'
import { KvTier } from '../../src/segments/tiers/kv-tier.ts'
import { segmentTierContract } from '../contracts/segment-tier.ts'
import { d1, kv, MemoryTier } from './support.ts'

const memory = new MemoryTier()

segmentTierContract('KV', () => new KvTier(kv, async () => {}))
segmentTierContract('D1', () => new D1Tier(d1, 0))
segmentTierContract('memory', () => memory)
