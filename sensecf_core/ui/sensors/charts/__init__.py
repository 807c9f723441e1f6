"""Charts of sensor data: glucose over a day, by weeks, in bands, and traces of all sensors."""
