// Where this device is, as far as it knows and may say. It is shown here and sent nowhere.

/** Where a device is. */
export interface OwnSpot {
  latitude: number;
  longitude: number;
  /** By this machine's clock. */
  atMs: number;
}

class OwnPosition {
  spot = $state.raw<OwnSpot | undefined>(undefined);
  /** `idle`: nobody asked; `denied`: the person or the device says no. */
  state = $state<'idle' | 'asking' | 'on' | 'denied'>('idle');
  private watching: number | undefined;

  /** Starts where the person has allowed it before: nobody is asked by a page that only opened. */
  async startIfAllowed(): Promise<void> {
    try {
      const { state } = await navigator.permissions.query({ name: 'geolocation' });
      if (state === 'granted') this.start();
    } catch {
      // A browser that cannot say asks when the button is pressed.
    }
  }

  /** Asks the device from here on, and the person if they were not asked yet. */
  start(): void {
    if (this.watching !== undefined) return;
    // Without a secure context there is none.
    const device = navigator.geolocation as Geolocation | undefined;
    if (device === undefined) {
      this.state = 'denied';
      return;
    }
    this.state = 'asking';
    this.watching = device.watchPosition(
      ({ coords, timestamp }) => {
        this.spot = { latitude: coords.latitude, longitude: coords.longitude, atMs: timestamp };
        this.state = 'on';
      },
      (error) => {
        // Not found just now is no refusal: it goes on looking, and what was found last stays with its age.
        if (error.code !== error.PERMISSION_DENIED) return;
        this.stop();
        this.state = 'denied';
      },
      { enableHighAccuracy: true, maximumAge: 5_000, timeout: 30_000 },
    );
  }

  /** Asks no more, and forgets. */
  stop(): void {
    if (this.watching !== undefined) navigator.geolocation.clearWatch(this.watching);
    this.watching = undefined;
    this.spot = undefined;
    this.state = 'idle';
  }
}

export const ownPosition = new OwnPosition();
