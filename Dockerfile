# Cairn on workerd, for laptops and CI. docs/guides/container.md says how to use it.
FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm pack --pack-destination /package

FROM node:22-bookworm-slim
# workerd verifies certificates of other servers with those of the system: migrations and notifications call some.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tini && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /package/ /package/
RUN npm install --omit=dev --no-audit --no-fund /package/*.tgz && rm -rf /package /root/.npm \
  && mkdir /data && chown node:node /data
COPY --chmod=755 container/entrypoint.sh /usr/local/bin/cairn-entrypoint
USER node
ENV CAIRN_HOST=0.0.0.0 PORT=8787 PERSIST_TO=/data/state DEV_VARS=/data/secrets NODE_ENV=production
VOLUME /data
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/_health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "cairn-entrypoint"]
CMD ["serve"]
