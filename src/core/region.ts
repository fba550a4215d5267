/** Where a visitor is, as far as the platform says. */
export interface VisitorPlace {
  readonly continent?: string
  readonly longitude?: string
}

/** Longitudes that divide the two halves of a continent. */
const WEST_OF_AMERICA = -100
const EAST_OF_EUROPE = 15

/** The region of a visitor in R2's metrics; empty where R2 has none, or when the place is unknown. */
export function regionOf({ continent, longitude }: VisitorPlace): string {
  const east = Number(longitude ?? 0)
  switch (continent) {
    case 'NA':
      return east < WEST_OF_AMERICA ? 'WNAM' : 'ENAM'
    case 'EU':
      return east < EAST_OF_EUROPE ? 'WEUR' : 'EEUR'
    case 'AS':
      return 'APAC'
    case 'OC':
      return 'OC'
    default:
      return ''
  }
}
