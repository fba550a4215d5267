import * as z from 'zod'
import { JurisdictionHeader } from '../common-schemas.ts'
import { BucketJob } from '../jobs/schemas.ts'
import { OBJECTS } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { getObject } from './get-object.ts'
import { listObjects } from './list-objects.ts'
import { putObject } from './put-object.ts'
import {
  DeletedKey,
  DeleteObjectsBody,
  DeleteObjectsQuery,
  GetObjectHeaders,
  ListObjectsQuery,
  ObjectListInfo,
  ObjectMeta,
  PutObjectHeaders,
  PutResult,
} from './schemas.ts'

export const OBJECT_ROUTES: readonly Route[] = [
  route({
    op: 'ListObjects',
    method: 'GET',
    path: OBJECTS,
    needs: 'object:read',
    query: ListObjectsQuery,
    headers: JurisdictionHeader,
    result: z.array(ObjectMeta),
    info: ObjectListInfo,
    run: listObjects,
  }),
  route({
    op: 'DeleteObjects',
    method: 'DELETE',
    path: OBJECTS,
    needs: 'object:write',
    headers: JurisdictionHeader,
    query: DeleteObjectsQuery,
    body: DeleteObjectsBody,
    ignoresBody: (query) => query.has('prefix'),
    result: z.union([z.array(DeletedKey), BucketJob]),
    run: deleteObjects,
  }),
  route({
    op: 'GetObject',
    method: 'GET',
    path: `${OBJECTS}/{object_key+}`,
    needs: 'object:read',
    headers: GetObjectHeaders,
    raw: 'application/octet-stream',
    run: getObject,
  }),
  route({
    op: 'PutObject',
    method: 'PUT',
    path: `${OBJECTS}/{object_key+}`,
    needs: 'object:write',
    headers: PutObjectHeaders,
    upload: true,
    result: PutResult,
    run: putObject,
  }),
  route({
    op: 'DeleteObject',
    method: 'DELETE',
    path: `${OBJECTS}/{object_key+}`,
    needs: 'object:write',
    headers: JurisdictionHeader,
    result: DeletedKey,
    run: deleteObject,
  }),
]
