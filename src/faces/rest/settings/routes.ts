import type { Route } from '../route.ts'
import { cors } from './cors.ts'
import { lifecycle } from './lifecycle.ts'
import { locks } from './locks.ts'
import { settingRoutes } from './setting-routes.ts'

/** The settings of a bucket that are read and written whole. Notification rules have routes of their own: they are written by queue. */
export const SETTING_ROUTES: readonly Route[] = [...settingRoutes(cors), ...settingRoutes(lifecycle), ...settingRoutes(locks)]
