# The program in an image of its own: nothing else is in it, no shell, no libc.
# `make image` builds it; docs/containers.md has the line that starts it, and
# compose.yaml starts three.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY stubs stubs
RUN go mod download
COPY . .
# The history is not here, so whoever builds says which version it is.
ARG VERSION=
# As `make build` does. Statically linked, since there is no libc to link with.
RUN CGO_ENABLED=0 go build -trimpath -tags nomsgpack -ldflags "-s -w -X $(go list ./app).stamped=$VERSION" -o /out/restaurant . && \
    go run ./deploy/release -licenses /out/THIRD-PARTY-LICENSES.txt /out/restaurant && \
    mkdir -m 700 /out/data

# No root certificates: the program connects to nothing but its database. To verify
# that over TLS, mount its certificate and name it in
# RESTAURANT_DATABASE_URL (sslmode=verify-full&sslrootcert=/path).
FROM scratch
ARG VERSION=
LABEL org.opencontainers.image.title="Restaurant" \
      org.opencontainers.image.description="A small REST API that teaches what an API and a JSON Web Token are" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /out/restaurant /restaurant
COPY --from=build /src/LICENSE /out/THIRD-PARTY-LICENSES.txt /licenses/
# The user is a number, because there is no list of names. A new volume takes its
# owner from here.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# Inside a container every address is one that is not loopback, so it starts only
# with TLS, or where RESTAURANT_BEHIND_PROXY=on says that nobody else reaches it.
ENV RESTAURANT_ADDR=0.0.0.0:8080 RESTAURANT_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 CMD ["/restaurant", "health"]
ENTRYPOINT ["/restaurant"]
CMD ["serve"]
