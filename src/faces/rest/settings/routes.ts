import type { Route } from '../route.ts'
import { cors } from './cors.ts'
import { lifecycle } from './lifecycle.ts'
import { localUploads } from './local-uploads.ts'
import { locks } from './locks.ts'
import { settingRoutes } from './setting-routes.ts'

/** Routes for bucket settings that are read and written as a whole. Notification rules have other routes, because they are written by queue. */
export const SETTING_ROUTES: readonly Route[] = [
  ...settingRoutes(cors),
  ...settingRoutes(lifecycle),
  ...settingRoutes(locks),
  ...settingRoutes(localUploads),
]
