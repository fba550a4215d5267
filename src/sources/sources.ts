import type { Keyring } from '../segments/keyring.ts'
import { retrying, WHILE_A_CLIENT_WAITS } from './backoff.ts'
import { openSource, type SourceConfig, type SourceSettings } from './open-source.ts'
import { openSecrets, type SourceSecrets, sealSecrets } from './secrets.ts'
import type { Source } from './source.ts'

/** The sources of a deployment, as the engine uses them. */
export interface Sources {
  /** @throws StoreError InvalidArgument for an address that is not permitted, or a credential that is missing */
  open(config: SourceConfig, secrets: SourceSecrets): Source
  /**
   * Opens a source with sealed credentials. Its calls repeat failures that pass.
   * @throws StoreError as `open`, EncryptionKeyUnavailable
   */
  openSealed(config: SourceConfig, credentials: SealedCredentials): Promise<Source>
  seal(purpose: string, secrets: SourceSecrets): Promise<string>
}

export interface SealedCredentials {
  readonly purpose: string
  readonly sealed: string
}

/** Binds the sources of a deployment to its master key and its settings. */
export function createSources(keyring: Keyring, settings: SourceSettings): Sources {
  return {
    open: (config, secrets) => openSource(config, secrets, settings),
    openSealed: async (config, { purpose, sealed }) =>
      retrying(openSource(config, await openSecrets(keyring, purpose, sealed), settings), WHILE_A_CLIENT_WAITS),
    seal: (purpose, secrets) => sealSecrets(keyring, purpose, secrets),
  }
}
