//! Sensors and cameras where either is meant: no id is both.

use crate::{CameraId, EntityId, OutOfService, Place, SensorId, State};

impl State {
    /// Where the device is; none: there is none here.
    #[must_use]
    pub fn device_place(&self, device: &EntityId) -> Option<&Place> {
        let of_sensor = self.sensors.get(&SensorId::from(device)).map(|sensor| &sensor.place);
        of_sensor.or_else(|| self.cameras.get(&CameraId::from(device)).map(|camera| &camera.place))
    }

    /// What of the device is out of service, what is over included; none: there is none here.
    pub(crate) fn device_out_of_service(&self, device: &EntityId) -> Option<&[OutOfService]> {
        let of_sensor = self.sensors.get(&SensorId::from(device)).map(|sensor| sensor.out_of_service.as_slice());
        of_sensor.or_else(|| self.cameras.get(&CameraId::from(device)).map(|camera| camera.out_of_service.as_slice()))
    }

    /// The device's version; none: there is none here.
    pub(crate) fn device_version(&self, device: &EntityId) -> Option<u64> {
        let of_sensor = self.sensors.get(&SensorId::from(device)).map(|sensor| sensor.version);
        of_sensor.or_else(|| self.cameras.get(&CameraId::from(device)).map(|camera| camera.version))
    }
}
